#pragma once
#include <stddef.h>
void *memcpy(void *dst, const void *src, size_t n);
char *strdup(const char *s);
