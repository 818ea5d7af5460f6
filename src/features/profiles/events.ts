declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'creator.followed': { creator_id: string; follower_id: string; name: string; at: string }
    'user.blocked': { by: string; whom: string }
    'creator.unfollowed': { creator_id: string; follower_id: string }
  }
}
export {}
