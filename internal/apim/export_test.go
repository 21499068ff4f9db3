package apim

// NewCarrier makes the connections of a client that is given no transport.
var NewCarrier = carrier
