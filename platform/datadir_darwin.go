package platform

// dataHome is Apple's folder for what an app makes itself. On iOS it is inside
// the app's container.
func dataHome() (string, error) { return underHome("Library", "Application Support") }
