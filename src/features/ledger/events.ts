declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'wallet.changed': { wallet_id: string }
  }
}
export {}
