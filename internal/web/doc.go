// Package web is the status page and what its API says: pure functions that
// turn stored rows into views, and views into HTML. JSON is made of the same
// views, so both say the same. Whatever others wrote, such as Azure's words or
// a sender's name, is made harmless when a view is made and escaped when it is
// drawn. Reading the rows and answering requests is left to package handlers.
package web
