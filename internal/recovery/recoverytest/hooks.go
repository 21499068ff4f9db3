package recoverytest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Hooks are webhooks and heartbeats in memory. They keep what they are sent.
type Hooks struct {
	effects *Effects

	// Refuse is asked before anything is taken, with a webhook's name or a
	// heartbeat's setting; its error is the answer. Nil takes everything.
	Refuse func(hook string) error

	mu    sync.Mutex
	posts []Post
	pings []Ping
}

// Post is what a webhook was sent.
type Post struct {
	Hook        string // its name in the plan
	ID          string // of the notice
	ContentType string
	Body        []byte
	At          time.Time
	Refused     bool
}

// Ping is what a heartbeat was told.
type Ping struct {
	Setting string
	Beat    job.Beat
	At      time.Time
	Refused bool
}

// NewHooks are hooks whose calls are effects of e.
func NewHooks(e *Effects) *Hooks { return &Hooks{effects: e} }

// Post implements recovery.Webhooks.
func (h *Hooks) Post(_ context.Context, to plan.Webhook, id, contentType string, body []byte) error {
	return h.take("Post", to.Name, func(refused bool) {
		h.posts = append(h.posts, Post{to.Name, id, contentType, bytes.Clone(body), time.Now().UTC(), refused})
	})
}

// Ping implements recovery.Webhooks.
func (h *Hooks) Ping(_ context.Context, setting string, b job.Beat) error {
	return h.take("Ping", setting, func(refused bool) {
		h.pings = append(h.pings, Ping{setting, b, time.Now().UTC(), refused})
	})
}

func (h *Hooks) take(call, hook string, keep func(refused bool)) error {
	return h.effects.do("hooks", call, unchanged, func() error {
		var err error
		if h.Refuse != nil {
			err = h.Refuse(hook)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		keep(err != nil)
		return err
	})
}

// Posts are all posts so far, in their order.
func (h *Hooks) Posts() []Post {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.posts)
}

// Taken are the posts that were not refused.
func (h *Hooks) Taken() []Post {
	return slices.DeleteFunc(h.Posts(), func(p Post) bool { return p.Refused })
}

// Pings are all pings so far, in their order.
func (h *Hooks) Pings() []Ping {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pings)
}
