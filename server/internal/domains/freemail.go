package domains

import "strings"

// providers are mail providers where anybody can have an address: none of these
// domains is one organisation's. Those that have a name in many countries stand in
// nationals.
var providers = []string{
	"aim.com", "aol.com", "arcor.de", "bigpond.com", "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com", "centrum.cz",
	"comcast.net", "cox.net", "daum.net", "duck.com", "email.com", "email.cz", "emailn.de", "fastmail.com", "fastmail.fm",
	"foxmail.com", "free.fr", "freemail.hu", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
	"googlemail.com", "hanmail.net", "hey.com", "hushmail.com", "icloud.com", "inbox.lv", "inbox.ru", "interia.pl", "kakao.com",
	"laposte.net", "libero.it", "list.ru", "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org", "mailfence.com", "me.com",
	"msn.com", "naver.com", "neuf.fr", "ntlworld.com", "o2.pl", "online.de", "onet.pl", "optonline.net", "orange.fr", "outlook.com",
	"passport.com", "pm.me", "posteo.de", "posteo.net", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru",
	"rediffmail.com", "rocketmail.com", "rogers.com", "sapo.pt", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sina.com",
	"skynet.be", "sky.com", "sohu.com", "t-online.de", "talktalk.net", "telenet.be", "telia.com", "terra.com.br", "tiscali.it",
	"tlen.pl", "tuta.com", "tuta.io", "tutanota.com", "tutanota.de", "ukr.net", "uol.com.br", "usa.net", "verizon.net", "virgilio.it",
	"virginmedia.com", "vodafone.de", "volny.cz", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "yandex.com", "yandex.ru", "yeah.net",
	"ymail.com", "zoho.com", "zohomail.com", "zoznam.sk", "126.com", "139.com", "163.com", "189.cn",
	// Addresses that last minutes.
	"10minutemail.com", "guerrillamail.com", "mailinator.com", "sharklasers.com", "temp-mail.org", "trashmail.com", "yopmail.com",
}

// nationals are providers with a domain in many countries: live.fr, yahoo.co.jp.
var nationals = []string{"gmx", "hotmail", "live", "outlook", "yahoo", "yandex"}

// freeMail reports whether anybody can have an address of a domain. Subdomains of
// a provider are the provider's.
func freeMail(ascii string) bool {
	for _, p := range providers {
		if ascii == p || strings.HasSuffix(ascii, "."+p) {
			return true
		}
	}
	labels := strings.Split(ascii, ".")
	for _, n := range nationals {
		if labels[0] != n {
			continue
		}
		rest := labels[1:]
		if len(rest) == 1 && len(rest[0]) <= 3 || len(rest) == 2 && len(rest[0]) <= 3 && len(rest[1]) == 2 {
			return true
		}
	}
	return false
}
