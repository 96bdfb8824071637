package directory

import "cmp"

// AppName is what an administrator is told to call the application of a workspace
// in Microsoft Entra. It is free: nothing is looked up by it. brand is the name
// that whoever runs the server wants to be seen under, "" for one made of the
// workspace's (row A8).
func AppName(brand string, ws Workspace) string {
	return cmp.Or(brand, cmp.Or(ws.Name, ws.ID)+" Lanyard")
}
