// Serve is the echo as a process, started as the Functions host starts a
// custom handler.
package main

import (
	"log"
	"net/http"
	"os"

	"lifeboat/bench/echo"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), http.HandlerFunc(echo.Handler)))
}
