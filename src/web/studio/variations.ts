import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Animation, ConfigureOverlay, Label, Layout, OverlayDetail } from '../../features/overlays/contract.ts'
import { type Currency, inMajorUnits } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { Said } from '../kit/words.ts'

type Draft = ConfigureOverlay['variations'][number]
const layouts: [Layout, string][] = [
  ['above', 'above the text'],
  ['beside', 'beside the text'],
  ['behind', 'behind the text'],
]
const labels: [Label, string][] = [
  ['latest-tip', 'Latest tip'],
  ['top-tippers', 'Top tippers'],
  ['stream-total', 'Total of the stream'],
]
const animations: Animation[] = ['slide', 'pop', 'fade', 'shake']
const audiences = [
  ['', 'every tip'],
  ['true', 'a fan’s first tip'],
  ['false', 'later tips'],
]
const maxVariations = 20
const fresh: Draft = { name: 'New look', when: {}, sound: 'chime', animation: 'slide', layout: 'above', weight: 1, duration_ms: 6_000, template: '{name} tipped {amount}' }

/** How alerts look on one overlay: the first look that fits a tip is played. */
export function VariationsView({ client, rest: [overlayId = ''] }: ViewProps) {
  const overlay = useLoaded(() => client.call('overlay:read', { overlay_id: overlayId }), [overlayId])
  const currency = useLoaded(async () => (await client.call('tip-settings:read', {})).currency, [])
  return html`<p class="wide"><a href=${hrefOf('overlays')}>← Overlays</a></p>
    <${Show} of=${overlay}>${(found: OverlayDetail) => html`<${Editor} key=${found.overlay_id} client=${client} overlay=${found} currency=${currency.value ?? 'ZMW'} />`}<//>`
}

function Editor({ client, overlay, currency }: Pick<ViewProps, 'client'> & { overlay: OverlayDetail; currency: string }) {
  const [looks, setLooks] = useState<Draft[]>(overlay.config.variations)
  const [saved, setSaved] = useState('')
  const { overlay_id } = overlay
  const amountOf = (text = ''): number | undefined => {
    if (text === '') return undefined
    const amount = parseMoney(text, currency as Currency)
    if (amount === undefined) throw new Said(`“${text}” is no amount.`)
    return amount
  }
  const save = useAction(async (values: Record<string, string>) => {
    const variations = looks.map((look, index) => readLook(look, (field) => values[`${index}.${field}`] ?? '', amountOf))
    const detail = await client.call('overlay:configure', {
      overlay_id,
      variations,
      min_alert_amount: amountOf(values['min_alert_amount']) ?? 0,
      gap_ms: Math.round(Number(values['gap_s'] ?? 0) * 1000),
      volume: Number(values['volume'] ?? 50),
      goal_ids: overlay.config.goal_ids,
      labels: labels.map(([label]) => label).filter((label) => values[`label.${label}`] === 'on'),
    })
    setLooks(detail.config.variations)
    setSaved('Saved. Open overlays have it already.')
  })
  const test = useAction(async () => {
    await client.call('alert:test', { overlay_id })
    setSaved('Test alert sent.')
  })
  const moved = (index: number, by: -1 | 1): Draft[] => {
    const next = [...looks]
    const [look] = next.splice(index, 1)
    if (look) next.splice(index + by, 0, look)
    return next
  }

  return html`
    <form class="wide stack" onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
      <section class="card" aria-labelledby="looks-title">
        <h1 id="looks-title">Looks of ${overlay.name}</h1>
        <p class="soft">The first look that fits a tip is played; when none fits, the built-in one. Looks with the same amounts and fans take turns by their share.</p>
        <div class="fields">
          <label>No alert below, in ${currency} <input name="min_alert_amount" inputmode="decimal" defaultValue=${overlay.config.min_alert_amount ? inMajorUnits(overlay.config.min_alert_amount, currency) : ''} placeholder="0" /></label>
          <label>Pause between alerts, in seconds <input name="gap_s" type="number" min="0" max="60" step="0.5" defaultValue=${overlay.config.gap_ms / 1000} /></label>
          <label>Volume <input name="volume" type="range" min="0" max="100" defaultValue=${overlay.config.volume} /></label>
        </div>
        <fieldset class="row"><legend>Always on screen</legend>${labels.map(([label, name]) => html`<label key=${label} class="check"><input type="checkbox" name=${`label.${label}`} defaultChecked=${overlay.config.labels.includes(label)} /> ${name}</label>`)}</fieldset>
      </section>
      ${looks.map((look, index) => html`
        <fieldset class="card" key=${look.variation_id ?? `new-${index}`}>
          <legend>${index + 1}. ${look.name}</legend>
          <div class="fields">
            <label>Name <input name=${`${index}.name`} required maxlength="60" defaultValue=${look.name} /></label>
            <label>From, in ${currency} <input name=${`${index}.min`} inputmode="decimal" defaultValue=${look.when.min_amount ? inMajorUnits(look.when.min_amount, currency) : ''} placeholder="any amount" /></label>
            <label>Up to, in ${currency} <input name=${`${index}.max`} inputmode="decimal" defaultValue=${look.when.max_amount ? inMajorUnits(look.when.max_amount, currency) : ''} placeholder="any amount" /></label>
            <label>For <${Choice} name=${`${index}.first`} chosen=${look.when.first_tip === undefined ? '' : String(look.when.first_tip)} options=${audiences} /></label>
            <label>Text <input name=${`${index}.template`} required maxlength="200" defaultValue=${look.template} /></label>
            <label>Picture, an https address <input name=${`${index}.image`} type="url" pattern="https://.*" maxlength="2048" defaultValue=${look.image_url ?? ''} /></label>
            <label>Sound <input name=${`${index}.sound`} list="sounds" required maxlength="2048" defaultValue=${look.sound} /></label>
            <label>Animation <${Choice} name=${`${index}.animation`} chosen=${look.animation} options=${animations.map((each) => [each, each])} /></label>
            <label>The picture stands <${Choice} name=${`${index}.layout`} chosen=${look.layout ?? 'above'} options=${layouts} /></label>
            <label>Share of the turns <input name=${`${index}.weight`} type="number" min="1" max="100" required defaultValue=${look.weight ?? 1} /></label>
            <label>Seconds on screen <input name=${`${index}.seconds`} type="number" min="2" max="20" step="0.5" required defaultValue=${look.duration_ms / 1000} /></label>
          </div>
          <div class="row">
            <button type="button" class="plain" disabled=${index === 0} onClick=${() => setLooks(moved(index, -1))}>Earlier</button>
            <button type="button" class="plain" disabled=${index === looks.length - 1} onClick=${() => setLooks(moved(index, 1))}>Later</button>
            <button type="button" class="plain" onClick=${() => setLooks(looks.filter((_each, at) => at !== index))}>Remove</button>
          </div>
        </fieldset>`)}
      <datalist id="sounds"><option value="chime" /><option value="fanfare" /><option value="none" /></datalist>
      <section class="card">
        ${(save.error || test.error) && html`<${Trouble} text=${save.error || test.error} />`}
        <p class="good" role="status">${saved}</p>
        <div class="row">
          <button disabled=${save.busy}>Save the looks</button>
          <button type="button" class="plain" disabled=${looks.length >= maxVariations} onClick=${() => setLooks([...looks, fresh])}>Add a look</button>
          <button type="button" class="plain" disabled=${test.busy} onClick=${() => test.run()}>Test alert</button>
        </div>
      </section>
    </form>
  `
}

function readLook(look: Draft, value: (field: string) => string, amountOf: (text: string) => number | undefined): Draft {
  const min_amount = amountOf(value('min'))
  const max_amount = amountOf(value('max'))
  const first = value('first')
  return {
    ...(look.variation_id ? { variation_id: look.variation_id } : {}),
    name: value('name'),
    when: { ...(min_amount === undefined ? {} : { min_amount }), ...(max_amount === undefined ? {} : { max_amount }), ...(first ? { first_tip: first === 'true' } : {}) },
    image_url: value('image') || null,
    sound: value('sound'),
    animation: value('animation') as Animation,
    layout: value('layout') as Layout,
    weight: Number(value('weight')),
    duration_ms: Math.round(Number(value('seconds')) * 1000),
    template: value('template'),
  }
}
