package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// palette is the colours of one variant. Text on its ground has a contrast of
// at least 4.5 to 1 and a focus ring of at least 3 to 1 (WCAG 2.2, 1.4.3 and
// 1.4.11); a test holds them to it.
type palette struct {
	variant fyne.ThemeVariant

	ground, surface, border     color.NRGBA
	text, muted                 color.NRGBA
	primary, hovered, onPrimary color.NRGBA
	hover, focus                color.NRGBA
	calm, onCalm                color.NRGBA
	warning, onWarning          color.NRGBA
	danger, onDanger            color.NRGBA
	input, inputBorder          color.NRGBA
	// The button of Microsoft's branding guide, light or dark.
	microsoft, onMicrosoft, microsoftBorder color.NRGBA
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}

func paletteFor(v fyne.ThemeVariant) palette {
	if v == theme.VariantDark {
		return palette{
			variant: v,
			ground:  rgb(0x0D1514), surface: rgb(0x151F1D), border: rgb(0x263431),
			text: rgb(0xE9F1EF), muted: rgb(0x9FB2AE),
			primary: rgb(0x35BFAE), hovered: rgb(0x56D1C2), onPrimary: rgb(0x04211E),
			hover: rgb(0x1E2B28), focus: rgb(0x6FE0D2),
			calm: rgb(0x18302C), onCalm: rgb(0x7FDCCF),
			warning: rgb(0x352A12), onWarning: rgb(0xF6CE7E),
			danger: rgb(0x3B1D1B), onDanger: rgb(0xF7A79F),
			input: rgb(0x101917), inputBorder: rgb(0x6B7F7B),
			microsoft: rgb(0x2F2F2F), onMicrosoft: rgb(0xFFFFFF), microsoftBorder: rgb(0x5A5A5A),
		}
	}
	return palette{
		variant: v,
		ground:  rgb(0xF1F5F4), surface: rgb(0xFFFFFF), border: rgb(0xDFE7E5),
		text: rgb(0x13211F), muted: rgb(0x566764),
		primary: rgb(0x0F766E), hovered: rgb(0x0B625B), onPrimary: rgb(0xFFFFFF),
		hover: rgb(0xF0F5F4), focus: rgb(0x0F766E),
		calm: rgb(0xE2F1EE), onCalm: rgb(0x0B5F59),
		warning: rgb(0xFDF2DB), onWarning: rgb(0x7A5200),
		danger: rgb(0xFBE9E7), onDanger: rgb(0xA3241B),
		input: rgb(0xFFFFFF), inputBorder: rgb(0x84938F),
		microsoft: rgb(0xFFFFFF), onMicrosoft: rgb(0x5E5E5E), microsoftBorder: rgb(0x8C8C8C),
	}
}

// toned is the ground of a tone, the ink on it, and the name of the ink for text.
func (p palette) toned(t tone) (ground, ink color.NRGBA, name fyne.ThemeColorName) {
	switch t {
	case warning:
		return p.warning, p.onWarning, nameOnWarning
	case danger:
		return p.danger, p.onDanger, nameOnDanger
	}
	return p.calm, p.onCalm, nameOnCalm
}

// tints is how many colours an avatar may have.
const tints = 6

// avatarColors are the ground of an avatar; white letters stand on it.
func avatarColor(tint int) color.NRGBA {
	return rgb([tints]uint32{0x0F766E, 0x3B5BA9, 0x8A4B9E, 0xA8482F, 0x4F6B1F, 0x8A5A00}[tint%tints])
}

// Sizes in Fyne's device-independent points.
const (
	// Fyne's driver rounds the height of a line but not where its letters
	// stand. At 15 points that costs the lowest row of g, p and y; at these
	// sizes it does not.
	sizeTitle   = 24
	sizeBody    = 16
	sizeCaption = 13

	controlHeight = 46 // at least the 44 points of a touch target
	controlRadius = 10
	cardRadius    = 18
	cardWidth     = 420
	cardPadding   = 34
	phoneMargin   = 24
)

// Names of our own in the theme, for text.
const (
	nameMuted     fyne.ThemeColorName = "lanyardMuted"
	nameOnCalm    fyne.ThemeColorName = "lanyardOnCalm"
	nameOnWarning fyne.ThemeColorName = "lanyardOnWarning"
	nameOnDanger  fyne.ThemeColorName = "lanyardOnDanger"
	nameTitle     fyne.ThemeSizeName  = "lanyardTitle"
	nameCaption   fyne.ThemeSizeName  = "lanyardCaption"
)

// Theme is Lanyard's. It follows the system between light and dark unless
// Variant says which.
type Theme struct {
	Variant *fyne.ThemeVariant
	// tight leaves out the space around text.
	tight bool
}

var _ fyne.Theme = Theme{}

func (t Theme) variant(v fyne.ThemeVariant) fyne.ThemeVariant {
	if t.Variant != nil {
		return *t.Variant
	}
	return v
}

// Color implements fyne.Theme.
func (t Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	v = t.variant(v)
	p := paletteFor(v)
	switch name {
	case theme.ColorNameBackground:
		return p.ground
	case theme.ColorNameForeground:
		return p.text
	case theme.ColorNamePrimary, theme.ColorNameHyperlink, theme.ColorNameFocus:
		return p.focus
	case theme.ColorNameForegroundOnPrimary:
		return p.onPrimary
	case theme.ColorNameInputBackground:
		return p.input
	case theme.ColorNameInputBorder:
		return p.inputBorder
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled, nameMuted:
		return p.muted
	case theme.ColorNameHover:
		return p.hover
	case theme.ColorNameSelection:
		return p.calm
	case theme.ColorNameSeparator:
		return p.border
	case theme.ColorNameScrollBar:
		return p.border
	case theme.ColorNameError, nameOnDanger:
		return p.onDanger
	case nameOnCalm:
		return p.onCalm
	case nameOnWarning:
		return p.onWarning
	}
	return theme.DefaultTheme().Color(name, v)
}

// Font implements fyne.Theme.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(s) }

// Icon implements fyne.Theme.
func (t Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

// Size implements fyne.Theme.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return sizeBody
	case nameTitle:
		return sizeTitle
	case nameCaption, theme.SizeNameCaptionText:
		return sizeCaption
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return controlRadius
	case theme.SizeNameInputBorder:
		return 1.5
	case theme.SizeNameLineSpacing:
		return 5
	case theme.SizeNameInnerPadding:
		if t.tight {
			return 0
		}
		return 12
	case theme.SizeNamePadding:
		return 4
	}
	return theme.DefaultTheme().Size(name)
}
