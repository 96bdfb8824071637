package builtapp

import (
	"cmp"
	"slices"
)

// launchModes are the values of android:launchMode when it is compiled.
var launchModes = map[string]string{"0": "standard", "1": "singleTop", "2": "singleTask", "3": "singleInstance", "4": "singleInstancePerTask"}

// fromManifest fills in what an AndroidManifest.xml says. An attribute may name
// a resource; resolve finds it.
func (a *App) fromManifest(root *node, resolve func(string) string) bool {
	if root.Name != "manifest" || root.plain("package") == "" {
		return false
	}
	get := func(n *node, name string) string { return resolve(n.attr(name)) }
	a.ID = root.plain("package")
	a.Version, a.Build = get(root, "versionName"), get(root, "versionCode")
	for _, sdk := range root.all("uses-sdk") {
		a.MinSystem, a.TargetSDK = get(sdk, "minSdkVersion"), get(sdk, "targetSdkVersion")
	}
	for _, application := range root.all("application") {
		a.Name = get(application, "label")
		a.Debuggable = a.Debuggable || get(application, "debuggable") == "true"
		for _, n := range application.all("activity", "activity-alias") {
			a.Activities = append(a.Activities, activityOf(n, a.ID, get))
		}
	}
	for _, act := range a.Activities {
		for _, f := range act.Filters {
			for _, d := range f.Data {
				if d.Scheme != "" {
					a.Schemes = append(a.Schemes, d.Scheme)
				}
			}
		}
	}
	slices.Sort(a.Schemes)
	a.Schemes = slices.Compact(a.Schemes)
	return true
}

func activityOf(n *node, pkg string, get func(*node, string) string) Activity {
	act := Activity{Name: className(get(n, "name"), pkg), Metadata: map[string]string{}}
	mode := get(n, "launchMode")
	act.LaunchMode = cmp.Or(launchModes[mode], mode, "standard")
	for _, m := range n.all("meta-data") {
		act.Metadata[get(m, "name")] = get(m, "value")
	}
	for _, f := range n.all("intent-filter") {
		act.Filters = append(act.Filters, filterOf(f, get))
	}
	// Before Android 12 an activity with a filter was exported unless it said
	// otherwise.
	exported := get(n, "exported")
	act.Exported = exported == "true" || exported == "" && len(act.Filters) > 0
	return act
}

func filterOf(n *node, get func(*node, string) string) Filter {
	var f Filter
	for _, c := range n.all("action") {
		f.Actions = append(f.Actions, get(c, "name"))
	}
	for _, c := range n.all("category") {
		f.Categories = append(f.Categories, get(c, "name"))
	}
	for _, c := range n.all("data") {
		f.Data = append(f.Data, Data{
			Scheme: get(c, "scheme"), Host: get(c, "host"), Port: get(c, "port"),
			Path: get(c, "path"), PathPrefix: get(c, "pathPrefix"), PathPattern: get(c, "pathPattern"),
			MimeType: get(c, "mimeType"),
		})
	}
	return f
}

// className writes a class in full, as Android does when a manifest leaves the
// package away.
func className(name, pkg string) string {
	if name != "" && name[0] == '.' {
		return pkg + name
	}
	return name
}
