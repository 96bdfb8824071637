package signin

import "net/http"

// logo is the picture that an administrator uploads to the application's
// Properties in Entra, which takes a PNG of 215 by 215 pixels (row B14). It is
// the same for every workspace.
func (h *SAMLHandler) logo(w http.ResponseWriter, r *http.Request) error {
	ws, err := findWorkspace(r.Context(), h.Store, r.PathValue("ws"))
	if err != nil {
		return h.counted(r, err)
	}
	picture, err := pageFiles.ReadFile("page/logo.png")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Disposition", `inline; filename="`+ws.ID+`.png"`)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(picture) // the reader may have gone; there is nobody left to tell
	return nil
}
