"""SmartPDU: a rack's power distribution as its central system component."""
