/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MESSAGE_ID of what happens to containers, for journalctl and for programs that follow the
 * journal. systemd/rssd.catalog explains each to the user. An ID is never changed or used again.
 */
#ifndef RSSD_MESSAGE_IDS_H
#define RSSD_MESSAGE_IDS_H

#define MESSAGE_CREATED	       "5a89b2831ee44a67bfc4b12222d32649"
#define MESSAGE_REMOVED	       "62c45b99bc664b70b20002692f3f00b6"
#define MESSAGE_CHANGED	       "f7c68cda21884ff79c73df9c6c5f7447"
#define MESSAGE_APPLIED	       "e2a24cd4d5c746158025dc08ecd41389"
#define MESSAGE_LIMIT_REFUSED  "5bd0d4f933e04a999e9e8aa8ffbc719f"
#define MESSAGE_ACCESS_REFUSED "33e3c451d4f74d118d3c51a00169c177"
#define MESSAGE_OOM	       "08e47309c7814f05af92c84347a4f808"
#define MESSAGE_KILLED	       "e0c0eb13c9ed4dfb9bbb7fb8a554bba2"
#define MESSAGE_EVENTS_LOST    "89d253cd88af427db72aa9a19c20f4e7"
#define MESSAGE_DRIFT	       "075beaab50764fbea272ee72a8d34ebc"
#define MESSAGE_RESTORED       "7d08f801e0f94b68a2f98fe7d01ec768"

#endif
