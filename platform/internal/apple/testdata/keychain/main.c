// It reads one command a line and says what came of it. "\xff" in a word stands
// for that byte, and "" for an empty word.

#include "../../bundle.h"
#include "../../secitem.h"
#include "fake.h"

#include <string.h>

static char *word(char **rest) {
	char *w = strsep(rest, " \n");
	if (w == NULL) {
		return "";
	}
	if (strcmp(w, "\"\"") == 0) {
		*w = 0;
	}
	char *x = strstr(w, "\\xff");
	if (x != NULL) {
		*x = (char)0xff;
		memmove(x + 1, x + 4, strlen(x + 4) + 1);
	}
	return w;
}

static void get(const char *service, const char *account) {
	uint8_t *value = (uint8_t *)"not touched";
	size_t length = 99;
	int32_t status = lanyard_item_get(service, account, &value, &length);
	printf("get %d", status);
	if (status == 0) {
		printf(" %.*s", (int)length, (char *)value);
	} else if (length != 0) {
		MISUSE("a length without a value");
	}
	putchar('\n');
	lanyard_item_free(value, length);
}

static void run(char *line) {
	char *command = word(&line), *a = word(&line), *b = word(&line), *c = word(&line), *d = word(&line);
	if (strcmp(command, "get") == 0) {
		get(a, b);
	} else if (strcmp(command, "set") == 0) {
		printf("set %d\n", lanyard_item_set(a, b, (uint8_t *)c, strlen(c)));
	} else if (strcmp(command, "remove") == 0) {
		printf("remove %d\n", lanyard_item_remove(a, b));
	} else if (strcmp(command, "plant") == 0) {
		plant(strcmp(a, "protected") == 0, b, c, d);
	} else if (strcmp(command, "fail") == 0) {
		fail(a, atoi(b), atoi(c));
	} else if (strcmp(command, "entitled") == 0) {
		entitled = atoi(a);
	} else if (strcmp(command, "locked") == 0) {
		locked = atoi(a);
	} else if (strcmp(command, "memory") == 0) {
		fail_malloc = atoi(a);
	} else if (strcmp(command, "items") == 0) {
		list_items();
	} else if (strcmp(command, "calls") == 0) {
		printf("calls %s %d\n", a, calls_of(a));
	} else if (strcmp(command, "bundle") == 0) {
		main_bundle(a, b);
	} else if (strcmp(command, "id") == 0) {
		char *id = lanyard_bundle_id();
		printf("id %s\n", id == NULL ? "-" : id);
		free(id);
	} else {
		MISUSE("no command %s", command);
	}
}

int main(void) {
	char line[512];
	while (fgets(line, sizeof line, stdin) != NULL) {
		run(line);
	}
	if (live_objects() != 0 || live_memory() != 0) {
		MISUSE("%d objects and %d pieces of memory are left", live_objects(), live_memory());
	}
	return 0;
}
