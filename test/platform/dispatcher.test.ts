import { expect } from 'chai'
import { type DomainEvent, type DomainEventName, subscribe } from '../../src/kernel/events.ts'
import { createDispatcher } from '../../src/platform/dispatcher.ts'
import type { Outbox, PublishedEvent } from '../../src/platform/outbox.ts'
import type { Relay } from '../../src/platform/realtime/relay.ts'
import { wall } from '../../src/platform/system-clock.ts'

describe('what sockets are told', () => {
  it('waits for nobody who is still at work on what was before it', () => {
    const told: unknown[] = []
    const name = 'goal.opened' as DomainEventName
    const outbox = { route: () => {} } as unknown as Outbox
    const relay = { emit: ({ data }: { data: unknown }) => void told.push(data) } as unknown as Relay
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const busy = subscribe(name, 'tests.busy', () => new Promise(() => {}))
    const dispatcher = createDispatcher({ outbox, subscribers: [busy], broadcasts: [{ event: name, project: (payload) => [{ event: 'goal:updated', rooms: ['user:usr_1'], data: payload }] }], relay, wall, log })
    const event = (n: number): DomainEvent => ({ event_id: `evt_${n}`, name, at: new Date(0), payload: { goal_id: `gol_${n}`, creator_id: 'usr_1' } }) as DomainEvent
    // More than are worked on at a time, none of which ever ends.
    const before: PublishedEvent[] = Array.from({ length: 100 }, (_each, n) => ({ event: event(n), subscribers: ['tests.busy'] }))
    dispatcher.deliver(before)
    dispatcher.deliver([{ event: event(100), subscribers: ['broadcast'] }])
    expect(told).to.deep.equal([{ goal_id: 'gol_100', creator_id: 'usr_1' }])
  })
})
