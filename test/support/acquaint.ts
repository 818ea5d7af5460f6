import type { Person } from './cast.ts'

/** Each of the others begins a conversation with the host: so whoever makes a group adds them without asking first. */
export async function acquaint(host: Pick<Person, 'id'>, others: readonly Pick<Person, 'call'>[]): Promise<void> {
  for (const each of others) await each.call('conversation:create', { type: 'direct', member_ids: [host.id] })
}
