// Package entratest is Microsoft Entra ID in a test's process.
package entratest
