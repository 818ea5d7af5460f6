import type { AnyOperation } from '../../kernel/operation.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { AccountService } from './service.ts'

/** The namespace `/`: whoever has an access token comes in, and is told so. */
export function createUserDoor({ accounts, operations, wall }: { accounts: AccountService; operations: readonly AnyOperation[]; wall: Wall }): SocketDoor {
  return {
    namespace: '/',
    operations: operations.filter((each) => each.audience !== 'overlay' && each.door !== 'http'),
    strict: false,
    async admit(auth) {
      const { actor, expires_at } = await accounts.actorOf(auth['token'])
      const own = [rooms.user(actor.user_id), rooms.session(actor.session_id)]
      return { actor, rooms: actor.role === 'admin' ? [...own, rooms.admin] : own, expires_at }
    },
    async entered(socket) {
      if (socket.actor.kind === 'user') socket.emit('session:ready', { user_id: socket.actor.user_id, session_id: socket.actor.session_id, server_time: wall.now().toISOString() })
    },
  }
}
