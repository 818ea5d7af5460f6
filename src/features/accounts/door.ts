import type { Wall } from '../../kernel/clock.ts'
import { type AnyOperation, namespaceOf } from '../../kernel/operation.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { SessionDesk } from './session-desk.ts'

const seats = 10

/** The namespace `/`: whoever has an access token comes in, and is told so. */
export function createUserDoor({ gatekeeper, desk, operations, furtherRooms, wall }: { gatekeeper: Gatekeeper; desk: SessionDesk; operations: readonly AnyOperation[]; /** that a socket of this user stands in from its first moment */ furtherRooms: (userId: string) => Promise<string[]>; wall: Wall }): SocketDoor {
  return {
    namespace: '/',
    operations: operations.filter((each) => namespaceOf(each) === '/'),
    strict: false,
    seats,
    async admit(auth) {
      const { actor, expires_at } = await gatekeeper.actorOf(auth['token'])
      const own = [rooms.user(actor.user_id), rooms.session(actor.session_id), ...(await furtherRooms(actor.user_id))]
      return { actor, rooms: actor.role === 'admin' ? [...own, rooms.admin] : own, expires_at }
    },
    async entered(socket) {
      if (socket.actor.kind !== 'user') return
      desk.entered(socket)
      socket.emit('session:ready', { user_id: socket.actor.user_id, session_id: socket.actor.session_id, server_time: wall.now().toISOString() })
    },
    async left(socket) {
      desk.left(socket)
    },
  }
}
