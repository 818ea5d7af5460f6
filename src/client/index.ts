export { type Ack, type CallOptions, type Client, type ClientOptions, createClient, type Inspect, newKey, type State } from './client.ts'
export type { Meta } from './line.ts'
export { createOverlayClient, type OverlayClient, type OverlayClientOptions, type OverlayState } from './overlay-client.ts'
export { asProblem, ClientError, type ClientProblem } from './problem.ts'
