// Stops a deployment into the region of a service that it protects: what falls
// with the service can't restore it. An empty text is the only value allowed.

#disable-next-line no-unused-params
@maxLength(0)
param mistake string
