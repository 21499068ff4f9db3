package storage

import (
	"net/http"
	"strings"
)

// serveBlob sends a request where its path, comp and method say.
func (s *Server) serveBlob(x *exchange) error {
	for _, header := range unsupportedHeaders {
		if x.header(header) != "" {
			return notBuilt("the header " + header)
		}
	}
	if x.header("x-ms-delete-snapshots") == "only" {
		return notBuilt("x-ms-delete-snapshots: only")
	}
	for _, parameter := range []string{"snapshot", "versionid", "startFrom", "deletetype"} {
		if x.query(parameter) != "" {
			return notBuilt("the parameter " + parameter)
		}
	}
	container, name, inside := strings.Cut(x.path, "/")
	switch {
	case container == "":
		return s.serveAccount(x)
	case x.query("restype") == "container":
		return s.serveContainer(x, container)
	case !inside || x.query("restype") != "":
		return notBuilt(x.r.Method + " of a blob in the root container, or with restype=" + x.query("restype"))
	}
	return s.serveOneBlob(x, container, name)
}

// unsupportedHeaders would change what an operation means, so ignoring them
// would be a silent lie.
var unsupportedHeaders = []string{
	"x-ms-copy-source", "x-ms-if-tags", "x-ms-tags", "x-ms-structured-body", "x-ms-encryption-key",
	"x-ms-encryption-scope", "x-ms-immutability-policy-until-date", "x-ms-legal-hold", "x-ms-snapshot",
	"x-ms-default-encryption-scope", "x-ms-blob-public-access", "x-ms-range-get-content-crc64",
}

func (s *Server) serveAccount(x *exchange) error {
	if comp := x.query("comp"); comp != "list" || x.r.Method != http.MethodGet {
		return notBuilt(x.r.Method + " of the account with restype=" + x.query("restype") + " comp=" + comp)
	}
	return s.serveListContainers(x)
}

var errContainerLease = &Error{412, "LeaseNotPresentWithContainerOperation", "There is currently no lease on the container."}

func (s *Server) serveContainer(x *exchange, name string) error {
	if x.header("x-ms-lease-id") != "" && x.query("comp") != "lease" {
		return errContainerLease // containers can't be leased here
	}
	switch operation := x.r.Method + " " + x.query("comp"); operation {
	case "PUT ":
		return s.serveCreateContainer(x, name)
	case "GET ", "HEAD ", "GET metadata", "HEAD metadata":
		return s.serveContainerProperties(x, name)
	case "PUT metadata":
		return s.serveContainerMetadata(x, name)
	case "DELETE ":
		return s.serveDeleteContainer(x, name)
	case "GET list":
		return s.serveListBlobs(x, name)
	default:
		return notBuilt("a container's " + operation)
	}
}

func (s *Server) serveOneBlob(x *exchange, container, name string) error {
	if err := checkBlobName(name); err != nil {
		return err
	}
	switch operation := x.r.Method + " " + x.query("comp"); operation {
	case "PUT ":
		return s.servePutBlob(x, container, name)
	case "GET ", "HEAD ", "GET metadata", "HEAD metadata":
		return s.serveGetBlob(x, container, name)
	case "DELETE ":
		return s.serveDeleteBlob(x, container, name)
	case "PUT block":
		return s.servePutBlock(x, container, name)
	case "PUT blocklist":
		return s.servePutBlockList(x, container, name)
	case "GET blocklist":
		return s.serveGetBlockList(x, container, name)
	case "PUT lease":
		return s.serveLease(x, container, name)
	case "PUT metadata":
		return s.serveSetMetadata(x, container, name)
	case "PUT properties":
		return s.serveSetProperties(x, container, name)
	default:
		return notBuilt("a blob's " + operation)
	}
}
