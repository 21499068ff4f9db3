package functions

import "net/http"

// principal is App Service authentication's word for who calls. It sets the
// header itself and takes away what a caller sent, but only where it is on.
const principal = "X-Ms-Client-Principal-Id"

// SignedIn reports whether App Service authentication names the caller of r. It
// means nothing where that is off: anybody could send the header then.
func SignedIn(r *http.Request) bool { return r.Header.Get(principal) != "" }
