import { html } from 'htm/preact'
import type { Client } from '../../client/index.ts'
import type { PaymentMethod } from '../../features/payments/contract.ts'
import { Choice, type Loaded, Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'

export type Methods = Loaded<{ data: PaymentMethod[] }>

export function useMethods(client: Client): Methods {
  return useLoaded(() => client.call('payment-method:list', {}), [])
}

/** From which of one's own ways to pay, or by checkout. */
export function PayWith({ methods, chosen = 'wallet' }: { methods: Methods; chosen?: string }) {
  const saved = (methods.value?.data ?? []).map(({ payment_method_id, label }) => [payment_method_id, label] as const)
  return html`<label>Pay <${Choice} name="pay_with" chosen=${chosen} options=${[['wallet', 'from the wallet'], ...saved, ['checkout', 'by checkout, each time']]} /></label>`
}

const behaviours = [
  ['success', 'is always charged'],
  ['decline', 'is always refused'],
  ['decline_after:1', 'is charged once, then refused'],
  ['requires_action', 'asks me each time'],
] as const

/** What is charged while one is away. The sandbox's cards behave as one likes. */
export function WaysToPay({ client, methods }: { client: Client; methods: Methods }) {
  const add = useAction(async ({ behaviour = 'success' }: Record<string, string>) => {
    await client.call('payment-method:create', { kind: 'card', behaviour })
    methods.reload()
  })
  const remove = useAction(async (payment_method_id: string) => {
    await client.call('payment-method:remove', { payment_method_id })
    methods.reload()
  })
  return html`
    <section class="card" aria-labelledby="ways-title">
      <h2 id="ways-title">Ways to pay</h2>
      <${Show} of=${methods}>${({ data }: { data: PaymentMethod[] }) => html`
        ${data.length === 0 && html`<p class="soft">None is saved. Without one, memberships renew from your wallet or by checkout.</p>`}
        <ul class="list">${data.map((each) => html`<li key=${each.payment_method_id}><span>${each.label}</span><button type="button" class="plain" disabled=${remove.busy} onClick=${() => remove.run(each.payment_method_id)}>Remove<span class="hidden"> ${each.label}</span></button></li>`)}</ul>`}<//>
      <form onSubmit=${(event: Event) => add.run(valuesOf(event))}>
        <label>A card for tests that <${Choice} name="behaviour" chosen="success" options=${behaviours} /></label>
        ${(add.error || remove.error) && html`<${Trouble} text=${add.error || remove.error} />`}
        <button class="plain" disabled=${add.busy}>Save the card</button>
      </form>
    </section>
  `
}
