// Package closeutil closes things: at once, within a time, politely, at the
// end of a function, several together.
//
// All of it works on any [abc.AsyncResource], by what Close(ctx) promises and
// without knowing the type: ctx bounds the grace of a Close, so a Close whose
// ctx is done is a forceful one.
package closeutil
