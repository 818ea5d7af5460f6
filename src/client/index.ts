export { type CallOptions, type Client, type ClientOptions, createClient, newKey, type State } from './client.ts'
export { createOverlayClient, type OverlayClient, type OverlayState } from './overlay-client.ts'
export { asProblem, ClientError, type ClientProblem } from './problem.ts'
