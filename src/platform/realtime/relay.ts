import type { Server } from 'socket.io'
import type { Emission } from '../../kernel/events.ts'

export interface Meta {
  event_id: string
  at: string
  cursor?: string
}

/** The only sender of facts to clients. Before the socket server stands, or after it closed, nobody listens and nothing is sent. */
export interface Relay {
  emit(emission: Emission, meta: Meta): void
  /** takes every live socket out of a room's company, on every process */
  close(namespace: '/' | '/overlay', room: string): void
  attach(io: Server): void
}

export function createRelay(): Relay {
  let server: Server | undefined
  return Object.freeze({
    attach(io: Server) {
      server = io
    },
    emit({ event, rooms, data, namespace = '/' }: Emission, meta: Meta) {
      if (server && rooms.length > 0) server.of(namespace).to(rooms).emit(event, data, meta)
    },
    close(namespace: '/' | '/overlay', room: string) {
      server?.of(namespace).in(room).disconnectSockets(true)
    },
  })
}
