/**
 * Two clocks, never mixed. `Clock` is business time: periods, slots, deadlines that a customer was promised; a sandbox may move it
 * forward. `Wall` is real time: tokens, signatures, leases, limits, backoff; nothing can move it.
 */
export interface Clock {
  now(): Date
}

export interface Wall {
  now(): Date
}
