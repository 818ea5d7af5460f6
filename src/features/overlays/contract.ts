import type { Routes } from '../../kernel/operation.ts'

/** The token and the address that holds it are answered once, here, and never again. */
export interface OverlayLink {
  overlay_id: string
  token: string
  url: string
}

export interface Overlay {
  overlay_id: string
  name: string
  online: boolean
  queued: number
  last_connected_at: string | null
  created_at: string
}

export type AlertKind = 'tip'

export interface OverlayOperations {
  'overlay:create': { input: { name?: string }; output: OverlayLink }
  'overlay:list': { input: Record<string, never>; output: { data: Overlay[]; has_more: boolean; next: null } }
  'overlay:rotate': { input: { overlay_id: string }; output: OverlayLink }
  'alert:test': { input: { overlay_id: string; kind?: AlertKind; amount?: number; message?: string }; output: { alert_id: string } }
  'alert:started': { input: { alert_id: string }; output: Record<string, never> }
  'alert:finished': { input: { alert_id: string }; output: Record<string, never> }
  'alert:failed': { input: { alert_id: string; reason?: string }; output: Record<string, never> }
}

export const overlayRoutes = {
  'overlay:create': 'POST /api/v1/overlays',
  'overlay:list': 'GET /api/v1/overlays',
  'overlay:rotate': 'POST /api/v1/overlays/:overlay_id/rotate',
  'alert:test': 'POST /api/v1/overlays/:overlay_id/test',
  'alert:started': 'socket-only',
  'alert:finished': 'socket-only',
  'alert:failed': 'socket-only',
} as const satisfies Routes<OverlayOperations>

export interface AlertPlay {
  alert_id: string
  position: number
  kind: AlertKind
  amount: number
  currency: string
  /** null: from somebody who stays anonymous */
  name: string | null
  message: string
  duration_ms: number
  is_test: boolean
  is_replay: boolean
}

export interface OverlayFacts {
  /** to the overlay when it joins */
  'overlay:state': { overlay_id: string; queued: number; current: AlertPlay | null; position: number }
  'alert:play': AlertPlay
  /** to the overlay before its sockets are closed */
  'overlay:token-rotated': { overlay_id: string }
  /** to the creator */
  'overlay:connected': { overlay_id: string; online: boolean }
  /** to the creator */
  'alert:queue-updated': { overlay_id: string; queued: number; current: string | null }
}
