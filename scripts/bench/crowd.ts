import { WebSocket } from 'ws'

/** Sockets that speak just enough of Socket.IO to come in and count what they hear: the crowd must not be what is measured. */
export interface Crowd {
  /** resolves when every socket but the stalled has heard so many facts since it last did; when each heard its last, in ms of `performance.now()` */
  heard(count: number): Promise<number[]>
  size: number
  leave(): void
}

export interface Seat {
  /** what is sent as Socket.IO's `auth` */
  auth: Record<string, unknown>
  address: string
}

const atOnce = 50

/** @param event the fact that counts; on a plain `ws` server every message does */
export async function gather({ url, seats, event, plain = false, stalled = 0 }: { url: string; seats: readonly Seat[]; event: string; plain?: boolean; stalled?: number }): Promise<Crowd> {
  const counts = seats.map(() => 0)
  const sockets: WebSocket[] = []
  const mark = `42["${event}"`
  let wanted = Number.POSITIVE_INFINITY
  let missing = 0
  let last: number[] = []
  let done: (times: number[]) => void = () => {}
  for (let from = 0; from < seats.length; from += atOnce)
    await Promise.all(seats.slice(from, from + atOnce).map((seat, index) => enter(seat, from + index)))
  for (const socket of sockets.slice(0, stalled)) socket.pause()
  return Object.freeze({
    size: seats.length,
    heard: (count: number) => {
      counts.fill(0)
      wanted = count
      missing = seats.length - stalled
      last = []
      return new Promise<number[]>((resolve) => (done = resolve))
    },
    leave: () => sockets.forEach((socket) => socket.terminate()),
  })

  function enter(seat: Seat, index: number): Promise<void> {
    const socket = new WebSocket(url, { headers: { 'x-forwarded-for': seat.address }, perMessageDeflate: false, skipUTF8Validation: true })
    sockets[index] = socket
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('open', () => (plain ? resolve() : socket.send(`40${JSON.stringify(seat.auth)}`)))
      socket.on('message', (raw: Buffer) => {
        const text = raw.toString('latin1')
        if (plain || text.startsWith(mark)) count(index)
        else if (text === '2') socket.send('3')
        else if (text.startsWith('40')) resolve()
        else if (text.startsWith('44')) reject(new Error(text))
      })
    })
  }

  function count(index: number): void {
    counts[index] = (counts[index] ?? 0) + 1
    if (counts[index] !== wanted || index < stalled) return
    last.push(performance.now())
    if (--missing === 0) done(last)
  }
}
