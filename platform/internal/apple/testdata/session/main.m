// The system's side of web authentication sessions, and a program that plays it:
// it reads one command a line and prints what Go would be told.

#include "../../webauth.h"
#include "fakes.h"
#if TARGET_OS_IPHONE
#include "../../support_ios.h"
#endif

NSErrorDomain const ASWebAuthenticationSessionErrorDomain = @"com.example.web";
static ASWebAuthenticationSession *shown[8];
static int shows;
static BOOL refuses, calls_back = YES;
@implementation ASWebAuthenticationSession {
@public
	void (^handler)(NSURL *, NSError *);
	id provider;
	BOOL ephemeral;
	NSString *scheme;
}
- (instancetype)initWithURL:(NSURL *)url callbackURLScheme:(NSString *)back completionHandler:(ASWebAuthenticationSessionCompletionHandler)h {
	only_main("a session");
	if (url == nil || h == nil) {
		MISUSE("a session without an address");
	}
	handler = kept(h);
	scheme = kept(back);
	ephemeral = YES; // until told
	printf("session %s for %s\n", url.absoluteString.UTF8String, back.UTF8String);
	return self;
}
- (id)presentationContextProvider {
	return provider;
}
- (void)setPresentationContextProvider:(id)other {
	provider = other;
}
- (BOOL)prefersEphemeralWebBrowserSession {
	return ephemeral;
}
- (void)setPrefersEphemeralWebBrowserSession:(BOOL)value {
	ephemeral = value;
}
- (BOOL)start {
	only_main("start");
	if (ephemeral != NO) {
		MISUSE("cookies are not shared");
	}
	const char *name = window_name([provider presentationAnchorForWebAuthenticationSession:self]);
	if (refuses) {
		return NO;
	}
	printf("shown over %s\n", name);
	shown[shows++] = self; // the system keeps it only in its way: not counted
	return YES;
}
- (void)cancel {
	only_main("cancel");
	printf("taken away\n");
	if (calls_back) {
		NSError *e = [NSError alloc];
		e.domain = ASWebAuthenticationSessionErrorDomain;
		e.code = 1;
		handler(nil, e);
		dropped(e);
	}
}
- (void)gone {
	dropped(handler);
	dropped(scheme);
}
@end

void lanyardEnded(uint64_t number, char *callback, char *domain, int64_t code) {
	only_main("lanyardEnded");
	printf("ended %lu %s %s %ld\n", number, callback == NULL ? "-" : callback, domain == NULL ? "-" : domain, code);
}

// answer ends a session as the system does, on a thread of its own.
static void answer(int which, const char *address, const char *domain, long code) {
	ASWebAuthenticationSession *s = shown[which];
	NSURL *url = strcmp(address, "-") == 0 ? nil : [NSURL URLWithString:text_of(address)];
	NSError *e = nil;
	if (strcmp(domain, "-") != 0) {
		e = [NSError alloc];
		e.domain = strcmp(domain, "web") == 0 ? ASWebAuthenticationSessionErrorDomain : text_of(domain);
		e.code = code;
	}
	kept(s);
	s->handler(url, e);
	dropped(s);
	dropped(e);
	let_go();
}

static void run(char *line) {
	char *w[5] = {"", "", "", "", ""};
	for (int i = 0; i < 5 && line != NULL; i++) {
		w[i] = strsep(&line, " \n");
	}
	if (strcmp(w[0], "start") == 0) {
		char *bad = strstr(w[2], "\\xff");
		if (bad != NULL) {
			*bad = (char)0xff;
		}
		// What Go gives is gone when the call returns.
		char *url = strdup(w[2]), *scheme = strdup(w[3]);
		lanyard_session_start(strtoul(w[1], NULL, 10), url, scheme);
		memset(url, '#', strlen(url));
		memset(scheme, '#', strlen(scheme));
		let_go();
	} else if (strcmp(w[0], "cancel") == 0) {
		lanyard_session_cancel(strtoul(w[1], NULL, 10));
	} else if (strcmp(w[0], "run") == 0) {
		run_main_queue();
	} else if (strcmp(w[0], "answer") == 0) {
		answer(atoi(w[1]), w[2], w[3], atol(w[4]));
	} else if (strcmp(w[0], "window") == 0) {
		window(w[1], w[2]);
	} else if (strcmp(w[0], "refuse") == 0) {
		refuses = YES;
		opens = NO;
	} else if (strcmp(w[0], "silent") == 0) {
		calls_back = NO;
#if TARGET_OS_IPHONE
	} else if (strcmp(w[0], "open") == 0) {
		char *url = strdup(w[2]);
		lanyard_open(strtoul(w[1], NULL, 10), url);
		memset(url, '#', strlen(url));
		let_go();
	} else if (strcmp(w[0], "folder") == 0 || strcmp(w[0], "device") == 0) {
		char *s = *w[0] == 'f' ? lanyard_data_folder() : lanyard_device_name();
		printf("%s\n", s == NULL ? "-" : s);
		free(s);
		let_go();
#endif
	} else if (strcmp(w[0], "objects") == 0) {
		printf("objects %d\n", live_objects());
	} else {
		MISUSE("no command %s", w[0]);
	}
}

int main(void) {
	char line[512];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin) != NULL) {
		run(line);
	}
	return 0;
}
