declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'overlay.rotated': { overlay_id: string; creator_id: string }
    'overlay.configured': { overlay_id: string; creator_id: string }
  }
}
export {}
