// Package guide writes "Integrate with Microsoft Entra ID": one article for each
// module of a workspace, with this workspace's own values in it (rows I1 to I6).
//
// It decides what an article says and in what order: every one has the headings
// that Microsoft's gallery asks a vendor's documents for. What it says of Entra's
// pages comes from register.Plan, which the wizards show as well; what it says of
// errors from the catalogue of package problem; what provisioning can and cannot
// do from the ServiceProviderConfig that is served. So an article cannot differ
// from what the server does.
//
// [Write] is pure. [Read] collects what it needs from the store. An [Article] can
// be printed as Markdown and as HTML; the console puts the same HTML into a page
// of its own.
package guide
