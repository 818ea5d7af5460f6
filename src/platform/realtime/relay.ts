import type { Server } from 'socket.io'
import type { Emission } from '../../kernel/events.ts'
import type { Redis } from '../redis.ts'

export interface Meta {
  event_id: string
  at: string
  cursor?: string
}

/** The only sender of facts to clients, on every process when Redis joins them. Before the socket server stands, or after it closed, nobody listens and nothing is sent. */
export interface Relay {
  emit(emission: Emission, meta: Meta): void
  /** takes every live socket out of a room's company, on every process */
  close(namespace: '/' | '/overlay', room: string): void
  /** lets the live sockets of one room into another, on every process */
  add(members: string, room: string): void
  /** takes the live sockets of one room out of another, on every process */
  remove(members: string, room: string): void
  /** tells the sockets of this process that they may have missed something */
  resync(meta: Meta): void
  /** whether this process holds the socket */
  holds(namespace: '/' | '/overlay', socketId: string): boolean
  /** whether this process holds any socket */
  holdsAny(namespace: '/' | '/overlay'): boolean
  /** A word to the other processes themselves; none hears it without Redis, or while that is away. */
  notify(topic: string, word: unknown): void
  onNotice(topic: string, heed: (word: unknown) => void): void
  attach(io: Server): void
}

export function createRelay(redis?: Redis): Relay {
  let server: Server | undefined
  const heeded: [topic: string, heed: (word: unknown) => void][] = []
  return Object.freeze({
    attach(io: Server) {
      if (redis) io.adapter(redis.adapter())
      server = io
      for (const [topic, heed] of heeded) io.of('/').on(`notice:${topic}`, heed)
    },
    emit({ event, rooms, data, namespace = '/' }: Emission, meta: Meta) {
      if (server && rooms.length > 0) server.of(namespace).to(rooms).emit(event, data, meta)
    },
    close(namespace: '/' | '/overlay', room: string) {
      server?.of(namespace).in(room).disconnectSockets(true)
    },
    resync(meta: Meta) {
      server?.of('/').local.emit('session:resync', {}, meta)
    },
    holds(namespace: '/' | '/overlay', socketId: string) {
      return server?.of(namespace).sockets.has(socketId) ?? false
    },
    holdsAny(namespace: '/' | '/overlay') {
      return (server?.of(namespace).sockets.size ?? 0) > 0
    },
    add(members: string, room: string) {
      server?.of('/').in(members).socketsJoin(room)
    },
    notify(topic: string, word: unknown) {
      if (redis) server?.of('/').serverSideEmit(`notice:${topic}`, word)
    },
    onNotice(topic: string, heed: (word: unknown) => void) {
      heeded.push([topic, heed])
    },
    remove(members: string, room: string) {
      server?.of('/').in(members).socketsLeave(room)
    },
  })
}
