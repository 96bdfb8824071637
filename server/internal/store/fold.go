package store

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// computed is what a migration does that SQL cannot, after its statements.
var computed = map[string]func(context.Context, *tx) error{
	"migrations/0017_fold.sql": refold,
}

// refold gives people the keys that directory.Fold makes now. Somebody whose new
// key is another's already keeps the old one: nobody is lost, and an
// administrator can rename one of the two.
func refold(ctx context.Context, t *tx) error {
	type one struct {
		pk  int64
		key string
	}
	const atOnce = 1000
	for last, n := int64(-1), atOnce; n == atOnce; {
		var stale []one
		n = 0
		if err := t.each(ctx, func(row scanner) error {
			var name, key string
			if err := row.Scan(&last, &name, &key); err != nil {
				return err
			}
			if n++; directory.Fold(name) != key {
				stale = append(stale, one{last, directory.Fold(name)})
			}
			return nil
		}, `select pk, user_name, user_name_key from users where pk > $1 order by pk limit $2`, last, atOnce); err != nil {
			return err
		}
		for _, o := range stale {
			if _, err := t.exec(ctx, `update users set user_name_key = $1 where pk = $2 and (state = 'archived' or not exists
				(select 1 from users o where o.directory = users.directory and o.user_name_key = $1 and o.state <> 'archived'))`,
				o.key, o.pk); err != nil {
				return err
			}
		}
	}
	return nil
}
