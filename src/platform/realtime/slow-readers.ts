import type { Socket } from 'socket.io'

type Connection = Socket['conn']
/** What the engine keeps until the transport takes it. It has no other door to it. */
type Queue = { writeBuffer: unknown[] }

export interface Patience {
  /** what may wait for one connection to read */
  maxPackets: number
  maxBytes: number
  /** one that has read nothing for so long is closed */
  closeAfterMs: number
}

export const defaultPatience: Patience = Object.freeze({ maxPackets: 500, maxBytes: 256 * 1024, closeAfterMs: 10_000 })

/**
 * Whoever does not read costs a bounded queue and no more: past it, everything for them is dropped. When they read again they are told that they
 * missed something; every durable stream has a cursor to ask from. A hostile reader would else hold the server's memory for the whole crowd.
 */
export function guardReader(connection: Connection, { maxPackets, maxBytes, closeAfterMs }: Patience, { fell, back }: { fell(): void; back(): void }): void {
  const queue = connection as unknown as Queue
  let bytes = 0
  let behind: NodeJS.Timeout | undefined
  // Told before the packet is put into the queue: of what comes while they are behind, the newest only is kept. What waits counts, not what
  // comes: one large answer is no sign of anything.
  connection.on('packetCreate', ({ data }: { data?: string | Buffer }) => {
    if (behind) queue.writeBuffer.length = 0
    else if (queue.writeBuffer.length >= maxPackets || bytes > maxBytes) fall()
    bytes += data?.length ?? 0
  })
  connection.on('flush', () => (bytes = 0))
  connection.transport.on('drain', () => {
    if (!behind) return
    clearTimeout(behind)
    behind = undefined
    back()
  })
  connection.on('close', () => clearTimeout(behind))

  function fall(): void {
    queue.writeBuffer.length = 0
    bytes = 0
    // No farewell: it would wait behind what they don't read.
    behind = setTimeout(() => connection.request.socket.destroy(), closeAfterMs).unref()
    fell()
  }
}
