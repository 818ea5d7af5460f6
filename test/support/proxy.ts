import { connect, createServer, type Socket } from 'node:net'

/**
 * What happens to the next piece of an answer that fits: `cut` ends the connection in its place, `swallow` keeps it back and leaves the
 * connection open, a text is sent instead of it, a promise keeps it back until then. The request has reached the server in full by then, and was done.
 */
export type Fault = 'cut' | 'swallow' | { say: string } | { until: Promise<unknown> }

export interface Proxy {
  url: string
  /** request lines as they came, `GET /socket.io/` among them for each attempt to connect */
  requests: string[]
  /** whether the way to the server is there at all; what is under way is cut when it goes */
  open(isOpen: boolean): void
  /** the next time that somebody finds it closed */
  refused(): Promise<void>
  /** Resolves when it happened. @param times how often */
  spoil(answer: RegExp, fault: Fault, times?: number): Promise<void>
  /** the next request line that fits, from now on */
  request(fits: RegExp): Promise<void>
  close(): Promise<void>
}

/** A way to the server on which answers get lost, on purpose and on order. */
export async function startProxy(targetPort: number): Promise<Proxy> {
  const spoiled: { answer: RegExp; fault: Fault; left: number; done: () => void }[] = []
  const expected: { fits: RegExp; seen: () => void }[] = []
  const requests: string[] = []
  const live = new Set<Socket>()
  const turnedAway: (() => void)[] = []
  let isOpen = true

  const server = createServer((near) => {
    if (!isOpen) {
      near.resetAndDestroy()
      for (const seen of turnedAway.splice(0)) seen()
      return
    }
    const far = connect(targetPort, '127.0.0.1')
    for (const [one, other] of [[near, far], [far, near]] as const) {
      live.add(one)
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => {
        live.delete(one)
        other.destroy()
      })
    }
    near.on('data', (chunk) => {
      note(chunk)
      far.write(chunk)
    })
    far.on('data', (chunk) => answer(chunk, near, far))
  })

  function note(chunk: Buffer): void {
    const line = /^(GET|POST|PUT|DELETE) \S+/.exec(chunk.toString('latin1'))?.[0]
    if (!line) return
    requests.push(line)
    for (const each of expected.filter(({ fits }) => fits.test(line))) {
      expected.splice(expected.indexOf(each), 1)
      each.seen()
    }
  }

  function answer(chunk: Buffer, near: Socket, far: Socket): void {
    const text = chunk.toString('latin1')
    const at = spoiled.findIndex((each) => each.answer.test(text))
    const order = spoiled[at]
    if (!order) return void near.write(chunk)
    order.left--
    if (order.left === 0) spoiled.splice(at, 1)
    if (order.fault === 'cut') for (const side of [near, far]) side.destroy()
    else if (order.fault !== 'swallow' && 'say' in order.fault) near.end(order.fault.say)
    else if (order.fault !== 'swallow') void order.fault.until.then(() => near.write(chunk))
    if (order.left === 0) order.done()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    open(is) {
      isOpen = is
      if (!is) for (const socket of live) socket.destroy()
    },
    refused: () => new Promise((seen) => turnedAway.push(seen)),
    spoil: (pattern, fault, times = 1) => new Promise((done) => spoiled.push({ answer: pattern, fault, left: times, done })),
    request: (fits) => new Promise((seen) => expected.push({ fits, seen })),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of live) socket.destroy()
      await closed
    },
  }
}
