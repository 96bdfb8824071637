// Stands in for bcryptprimitives.dll, which wine 8 does not have and every Go
// program for Windows asks for random bytes.
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
	for (; size > 0x10000; data += 0x10000, size -= 0x10000)
		if (!RtlGenRandom(data, 0x10000))
			return FALSE;
	return RtlGenRandom(data, (ULONG)size);
}
