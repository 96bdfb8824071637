#ifndef LANYARD_SUPPORT_IOS_H
#define LANYARD_SUPPORT_IOS_H

#include <stdint.h>

// lanyard_open shows url in the person's browser. lanyardEnded follows.
void lanyard_open(uint64_t number, const char *url);

// lanyard_data_folder makes the app's Application Support folder, keeps it out
// of backups, and returns its path, to be freed, or NULL.
char *lanyard_data_folder(void);

// lanyard_device_name returns what the device is called, to be freed, or NULL.
char *lanyard_device_name(void);

#endif
