package storage

import (
	"net/http"
	"strconv"
)

func (s *Server) serveCreateContainer(x *exchange, name string) error {
	metadata, err := readMetadata(x.r.Header)
	if err != nil {
		return err
	}
	c, err := s.createContainer(name, metadata)
	if err != nil {
		return err
	}
	x.describeContainer(c)
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// createContainer returns a copy of what it made.
func (s *Server) createContainer(name string, metadata map[string]string) (container, error) {
	if err := checkContainerName(name); err != nil {
		return container{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.containers[name] != nil {
		return container{}, errContainerExists
	}
	c := &container{name: name, stamp: s.stamp(), metadata: metadata, blobs: make(map[string]*blob)}
	s.containers[name] = c
	return *c, nil
}

func (x *exchange) describeContainer(c container) {
	x.set("ETag", blobETag(c.stamp))
	x.set("Last-Modified", c.stamp.Format(http.TimeFormat))
	x.set("x-ms-lease-status", "unlocked")
	x.set("x-ms-lease-state", leaseAvailable)
	x.set("x-ms-has-immutability-policy", strconv.FormatBool(c.immutable))
	x.set("x-ms-has-legal-hold", "false")
	for name, value := range c.metadata {
		x.set(metadataPrefix+name, value)
	}
}

func (s *Server) serveContainerProperties(x *exchange, name string) error {
	s.mu.Lock()
	c, err := s.container(name)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	seen := *c
	s.mu.Unlock()
	x.describeContainer(seen)
	x.w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) serveContainerMetadata(x *exchange, name string) error {
	metadata, err := readMetadata(x.r.Header)
	if err != nil {
		return err
	}
	cond, err := readConditions(x.r.Header)
	if err != nil {
		return err
	}
	changed, err := s.setContainerMetadata(name, cond, metadata)
	if err != nil {
		return err
	}
	x.set("ETag", blobETag(changed.stamp))
	x.set("Last-Modified", changed.stamp.Format(http.TimeFormat))
	x.w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) setContainerMetadata(name string, cond conditions, metadata map[string]string) (container, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.container(name)
	if err != nil {
		return container{}, err
	}
	if err := cond.forUpdate(blobETag(c.stamp), c.stamp); err != nil {
		return container{}, err
	}
	c.metadata, c.stamp = metadata, s.stamp()
	return *c, nil
}

func (s *Server) serveDeleteContainer(x *exchange, name string) error {
	cond, err := readConditions(x.r.Header)
	if err != nil {
		return err
	}
	if err := s.deleteContainer(name, cond); err != nil {
		return err
	}
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Server) deleteContainer(name string, cond conditions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.container(name)
	if err != nil {
		return err
	}
	if err := cond.forUpdate(blobETag(c.stamp), c.stamp); err != nil {
		return err
	}
	if c.immutable && len(c.blobs) > 0 {
		return &Error{409, "ContainerImmutableDueToPolicy", "This operation is not permitted as the container has blobs that are immutable due to a policy."}
	}
	delete(s.containers, name)
	return nil
}
