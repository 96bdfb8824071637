// As much of an Objective-C runtime as our files need, for what clang writes
// with -fobjc-runtime=gnustep-1.5: in C alone, with every object counted.

#pragma once
#include <stdio.h>
#include <stdlib.h>

#define MISUSE(...) (fflush(stdout), fprintf(stderr, "misuse: " __VA_ARGS__), fputc('\n', stderr), exit(3))

void *new_object(void *class);       // with one reference
void *kept(void *object);            // with one more
void *kept_a_while(void *object);    // with one more until let_go
void dropped(void *object);          // with one less
void let_go(void);                   // ends what kept_a_while began
int is_a(void *object, void *class); // or a subclass of it
int answers(void *object, void *selector);
int live_objects(void);
