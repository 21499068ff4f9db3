package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// sendPatience is how much time one run spends on sends that fail. A message
// that the queue refuses for itself costs next to nothing, and must not keep
// back those after it; a queue that is away costs a timeout for each.
const sendPatience = 10 * time.Second

// unsent are the messages of one run that could not be sent.
type unsent struct {
	errs  []error // the first of them
	count int
	cost  time.Duration
}

// sent reports whether send succeeded.
func (u *unsent) sent(send func() error) bool {
	begun := time.Now()
	err := send()
	if err == nil {
		return true
	}
	u.cost += time.Since(begun)
	if u.count++; u.count <= mostShown {
		u.errs = append(u.errs, err)
	}
	return false
}

// enough reports whether the rest is left to the next run.
func (u *unsent) enough(ctx context.Context) bool {
	return u.cost >= sendPatience || u.count > 0 && ctx.Err() != nil
}

func (u *unsent) err() error {
	if more := u.count - len(u.errs); more > 0 {
		return fmt.Errorf("%w\nand %d messages more could not be sent", errors.Join(u.errs...), more)
	}
	return errors.Join(u.errs...)
}
