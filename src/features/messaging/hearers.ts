import { rooms } from '../../platform/realtime/rooms.ts'
import type { Hearers } from './events.ts'

/**
 * Where a conversation is heard. Of a few people, each in the room of their own, which every socket of theirs is in anyhow: nobody has to be
 * let into anything, so nothing can be lost in doing so. Of a creator's room, whoever has it open.
 */
export function roomsOf({ conversation_id, member_ids }: Hearers): string[] {
  return member_ids === null ? [rooms.conversation(conversation_id)] : member_ids.map(rooms.user)
}
