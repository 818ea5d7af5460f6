import type { HeldMessage, Message, MessagingFacts } from './contract.ts'

/** Who hears of a conversation: its people, or the sockets in its room. */
export interface Hearers {
  conversation_id: string
  /** null for a room, whose sockets are in it */
  member_ids: string[] | null
}

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    /** all that were stored in one transaction, in their order */
    'messages.created': Hearers & { messages: Message[]; mentioned: { user_id: string; fact: MessagingFacts['message:mentioned'] }[] }
    'message.updated': Hearers & { fact: MessagingFacts['message:updated'] }
    'message.deleted': Hearers & { fact: MessagingFacts['message:deleted'] }
    'message.hidden': { user_id: string; fact: MessagingFacts['message:hidden'] }
    'message.pinned': Hearers & { fact: MessagingFacts['message:pinned'] }
    /** in a room only its writer is told by itself */
    'reminder.due': { user_ids: string[]; fact: MessagingFacts['reminder:due'] }
    'reaction.changed': Hearers & { fact: MessagingFacts['reaction:changed'] }
    /** `only` the reader's own devices when they read privately */
    'receipt.moved': Hearers & { only: string | null; fact: MessagingFacts['receipt:updated'] }
    /** `parted` are those who are in it no longer, or not yet: they hear it, too */
    'conversation.changed': Hearers & { version: number; parted: string[] }
    /** who may be in a room was changed */
    'room.narrowed': { conversation_id: string }
    'messages.held': { held: HeldMessage[]; moderator_ids: string[] }
    'held.decided': { fact: MessagingFacts['message:decided']; moderator_ids: string[] }
  }
}
