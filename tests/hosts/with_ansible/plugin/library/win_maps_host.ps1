#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
