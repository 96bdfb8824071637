package guide

import "github.com/lanyard-sso/lanyard/server/internal/directory"

// FrequentCount is how many codes an article is to explain.
func FrequentCount(m directory.Module) int {
	return len(frequent[m].numbers) + len(frequent[m].codes)
}
