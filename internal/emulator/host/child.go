package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// child is one life of the handler's process.
type child struct {
	process *Process
	client  *http.Client
	base    string
	cmd     *exec.Cmd

	ready    chan struct{} // closed when something answers
	replaced chan struct{} // closed when the next one is in its place
	murder   chan struct{} // closed to kill it
	once     sync.Once

	code int // after run

	mu     sync.Mutex
	stderr []string // the last lines
}

func (c *child) kill() { c.once.Do(func() { close(c.murder) }) }

func (c *child) killed() bool {
	select {
	case <-c.murder:
		return true
	default:
		return false
	}
}

func (c *child) listened() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// run starts the process and returns after its end, which kill and the end of
// life bring about with SIGKILL. The error is what kept it from starting or
// from listening.
func (c *child) run(life context.Context) error {
	c.code = -1
	port := c.process.handler.Port
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return err
		}
	}
	c.base = base + ":" + strconv.Itoa(port)
	c.cmd = c.command(port)
	exited, err := c.start()
	if err != nil {
		return fmt.Errorf("start %s: %w", c.process.handler.Executable, err)
	}
	defer c.client.CloseIdleConnections()
	listening, cancel := context.WithTimeout(life, c.process.handler.InitTimeout)
	defer cancel()
	probed := make(chan error, 1)
	go func() { probed <- probe(listening, c.client, c.base) }()
	var reason error
	for {
		select {
		case <-exited:
			cancel()
			c.code = c.cmd.ProcessState.ExitCode()
			return reason
		case err := <-probed:
			if err == nil {
				close(c.ready)
				continue
			}
			if life.Err() == nil {
				reason = fmt.Errorf("no answer within %v", c.process.handler.InitTimeout)
			}
			_ = c.cmd.Process.Kill()
		case <-c.murder:
			_ = c.cmd.Process.Kill()
			<-exited
			return nil
		case <-life.Done():
			_ = c.cmd.Process.Kill()
			<-exited
			return nil
		}
	}
}

// start starts the process and closes the channel when it is gone and its
// output is read.
func (c *child) start() (exited <-chan struct{}, err error) {
	stdout, err1 := c.cmd.StdoutPipe()
	stderr, err2 := c.cmd.StderrPipe()
	if err := errors.Join(err1, err2, c.cmd.Start()); err != nil {
		return nil, err
	}
	var reading sync.WaitGroup
	reading.Go(func() { c.lines("stdout", stdout) })
	reading.Go(func() { c.lines("stderr", stderr) })
	gone := make(chan struct{})
	go func() {
		reading.Wait()
		_ = c.cmd.Wait() // the code is in ProcessState
		close(gone)
	}()
	return gone, nil
}

func (c *child) lines(stream string, r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		c.process.options.Output(stream, s.Text())
		if stream == "stderr" {
			c.mu.Lock()
			c.stderr = append(c.stderr, s.Text())
			c.stderr = c.stderr[max(0, len(c.stderr)-3):]
			c.mu.Unlock()
		}
	}
	_, _ = io.Copy(io.Discard, r) // after a line that was too long
}

// reason is an error with the process's last words.
func (c *child) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = fmt.Errorf("exit code %d", c.code)
	}
	if len(c.stderr) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(c.stderr, "\n"))
}
