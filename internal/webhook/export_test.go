package webhook

// ProxyOf is what decides on the proxy of a request.
var ProxyOf = judged
