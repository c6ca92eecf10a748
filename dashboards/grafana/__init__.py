"""Grafana's dashboards as code: one module each, made into the JSON that Grafana reads.

Rule: only this package imports grafana-foundation-sdk, and only its own command imports this
package: whoever looks at the dashboards does not need it.
"""
