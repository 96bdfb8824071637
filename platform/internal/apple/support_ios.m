//go:build ios && cgo

#import <UIKit/UIKit.h>
#include <string.h>

#include "ended.h"
#include "support_ios.h"
#include "webauth.h"

void lanyard_open(uint64_t number, const char *url) {
	NSString *address = [NSString stringWithUTF8String:url];
	dispatch_async(dispatch_get_main_queue(), ^{
		NSURL *to = address == nil ? nil : [NSURL URLWithString:address];
		if (to == nil) {
			lanyardEnded(number, NULL, "lanyard", LANYARD_BAD_ADDRESS);
			return;
		}
		[UIApplication.sharedApplication openURL:to
		                                 options:@{}
		                       completionHandler:^(BOOL opened) {
			                       lanyardEnded(number, NULL, opened ? NULL : "lanyard", opened ? 0 : LANYARD_NOT_OPENED);
		                       }];
	});
}

static char *copy(NSString *text) {
	const char *utf8 = text.UTF8String;
	return utf8 == NULL ? NULL : strdup(utf8);
}

char *lanyard_data_folder(void) {
	NSURL *folder = [NSFileManager.defaultManager URLForDirectory:NSApplicationSupportDirectory
	                                                     inDomain:NSUserDomainMask
	                                            appropriateForURL:nil
	                                                       create:YES
	                                                        error:NULL];
	// The key of what is kept here stays on this device, so a backup could not
	// be read. Where the mark cannot be set, one is only useless.
	[folder setResourceValue:@YES forKey:NSURLIsExcludedFromBackupKey error:NULL];
	return copy(folder.path);
}

char *lanyard_device_name(void) { return copy(UIDevice.currentDevice.name); }
