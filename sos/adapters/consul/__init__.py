"""Consul behind the port of `rollout.ports.KeyStore`, and as the register of services.

In: the CONSUL_… variables that every program of Consul reads. Out: keys, and one's own service.
"""

from sos.adapters.consul.agent import ConsulAgent, Service
from sos.adapters.consul.environment import ConsulAddress, parse_environment
from sos.adapters.consul.keys import ConsulKeys

__all__ = ["ConsulAddress", "ConsulAgent", "ConsulKeys", "Service", "parse_environment"]
