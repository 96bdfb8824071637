#ifndef LANYARD_BUNDLE_H
#define LANYARD_BUNDLE_H

// lanyard_bundle_id returns the identifier (CFBundleIdentifier) of the app that
// this process was started as, to be freed, or NULL: a program on macOS that is
// not in an .app has no identifier that a web authentication session or a
// registered redirect URI could go by.
char *lanyard_bundle_id(void);

#endif
