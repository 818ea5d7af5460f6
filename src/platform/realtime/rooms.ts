/** Rooms are joined by the server only; being in one is the permission for what is sent there. */
export const rooms = Object.freeze({
  user: (userId: string) => `user:${userId}`,
  session: (sessionId: string) => `session:${sessionId}`,
  creator: (creatorId: string) => `creator:${creatorId}`,
  conversation: (conversationId: string) => `conversation:${conversationId}`,
  overlay: (overlayId: string) => `overlay:${overlayId}`,
  admin: 'admin',
})
